/**
 * The core's WebAssembly module, in two halves that share a memory: the first is here, the second comes with `rest.ts`.
 *
 * Compiled synchronously from bytes inside this file: no promise, no request, no bundler rule. Where the package runs
 * without WebAssembly, the build puts the module's twin here, which is whole.
 */

import wasm from "../generated/guard/guard_bg.wasm";
import type { InitOutput } from "../generated/guard/guard.js";

import { bytesOf, MODULE_SHIFT } from "./environment.js";

let module: InitOutput | undefined;

function halfOf(text: string, imports: WebAssembly.Imports): WebAssembly.Exports {
  return new WebAssembly.Instance(new WebAssembly.Module(bytesOf(text, MODULE_SHIFT)), imports).exports;
}

/** The module's functions; those of the second half only when it has joined. */
export function openModule(): InitOutput {
  return (module ??= { ...halfOf(wasm, {}) } as unknown as InitOutput);
}

/** The second half joins: it works on the memory of the first. */
export function joinModule(text: string): void {
  const first = openModule();
  Object.assign(first, halfOf(text, { h: first as unknown as WebAssembly.ModuleImports }));
}
