/** The methods of something that is opened when the first of them is called. */

type Method = (...given: never[]) => Promise<unknown>;

/** `name` of what `open` gives. */
export function opened<T extends Record<Name, Method>, Name extends string>(open: () => Promise<T>, name: Name): T[Name] {
  return (async (...given: never[]) => (await open())[name](...given)) as T[Name];
}
