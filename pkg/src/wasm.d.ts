/** A wasm file is imported as text with one byte in each character: the build puts it there. */
declare module "*.wasm" {
  const text: string;
  export default text;
}
