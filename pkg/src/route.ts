/**
 * Where a request goes, asked of the core once per method and path.
 *
 * The core sorts paths (the server asks it the same way); this file only finds the path in a URL and
 * remembers the answers, because a string costs more at the boundary than a lookup does here.
 */

import type { OperationClass, Service } from "./vocabulary.js";

export interface Route {
  /** The core's number for it. */
  readonly id: number;
  readonly service: Service;
  readonly class: OperationClass;
  /** The path that names the resource: no origin, no query, no object or user identifiers. */
  readonly endpoint: string;
  readonly method: string;
}

const MOUNT = /\/(?:rest|auth|storage|functions)\/v1(?:\/|$)/;
/** Enough paths for any real application; a generated flood of them starts over. */
const MOST_PATHS = 1_000;

export interface Router {
  (method: string, url: string): Route;
}

export function createRouter(ask: (method: string, path: string) => Route): Router {
  const known = new Map<string, Route>();
  return (method, url) => {
    const path = pathOf(url);
    const name = `${method} ${path}`;
    const remembered = known.get(name);
    if (remembered) return remembered;
    if (known.size >= MOST_PATHS) known.clear();
    const found = ask(method, belowMount(path));
    known.set(name, found);
    return found;
  };
}

/** The path of an absolute or relative URL; `new URL` costs more than the rest of this file. */
export function pathOf(url: string): string {
  const scheme = url.indexOf("://");
  const start = scheme < 0 ? 0 : url.indexOf("/", scheme + 3);
  if (start < 0) return "/";
  const end = url.slice(start).search(/[?#]/);
  return end < 0 ? url.slice(start) : url.slice(start, start + end);
}

/** A project behind a prefix of the page's own server, `/api/rest/v1/…`, is the same project. */
function belowMount(path: string): string {
  const mount = MOUNT.exec(path);
  return mount ? path.slice(mount.index) : path;
}
