/// <reference types="svelte" />
/// <reference types="vite/client" />

declare module "*.ftl" {
  const patterns: Record<string, import("./ui/texts").Pattern>;
  export default patterns;
}

/** The texts of the language for which the client is built. */
declare module "texts:chat" {
  const patterns: Record<string, import("./ui/texts").Pattern>;
  export default patterns;
}
