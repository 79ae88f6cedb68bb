/**
 * Styles live in chat.css (the page's policy allows no injected `<style>`); every component is in
 * runes mode.
 */
export default {
  compilerOptions: { css: "external", runes: true },
};
