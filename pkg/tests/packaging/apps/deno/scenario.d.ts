export function exercise(parts: object, backend: string, options?: object): Promise<unknown>;
