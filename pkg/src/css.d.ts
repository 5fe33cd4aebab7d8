/** A style sheet is imported as text: the build puts it there. */
declare module "*.css" {
  const text: string;
  export default text;
}
