/** A wasm file is imported as its bytes in base64: the build puts them there. */
declare module "*.wasm" {
  const base64: string;
  export default base64;
}
