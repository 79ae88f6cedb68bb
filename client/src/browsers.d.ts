/**
 * What is newer than the standard that `tsconfig.json` names and still in all the browsers that
 * `vite.config.ts` names. The compiler refuses whatever else is newer, `Intl.Segmenter` included,
 * which Firefox 115 lacks.
 */
interface ReadonlyArray<T> {
  findLast<S extends T>(predicate: (value: T, index: number) => value is S): S | undefined;
  findLast(predicate: (value: T, index: number) => unknown): T | undefined;
  findLastIndex(predicate: (value: T, index: number) => unknown): number;
}
interface Array<T> {
  findLast<S extends T>(predicate: (value: T, index: number) => value is S): S | undefined;
  findLast(predicate: (value: T, index: number) => unknown): T | undefined;
  findLastIndex(predicate: (value: T, index: number) => unknown): number;
}
