/**
 * Where a request goes, asked of the core once per method and path.
 *
 * The core sorts paths (the server asks it the same way); this file only finds the path in a URL and
 * remembers the answers, because a string costs more at the boundary than a lookup does here.
 */

import type { Core } from "./core.js";
import { CLASSES, type OperationClass, type Service, SERVICES } from "./vocabulary.js";

export interface Route {
  /** The number of its endpoint. */
  readonly number: number;
  /** Its service, class and whether it may be repeated, as the core has them. */
  readonly kind: number;
  /** Whether its `Prefer` header says if it may be repeated. */
  readonly byPreference: boolean;
  readonly service: Service;
  readonly class: OperationClass;
  /** The path that names the resource: no origin, no query, no object or user identifiers. */
  readonly endpoint: string;
  readonly method: string;
}

const MOUNT = /\/(?:rest|auth|storage|functions)\/v1(?:\/|$)/;
/** Enough paths for any real application; a generated flood of them starts over. */
const MOST_PATHS = 1_000;

/** More different endpoints than any application has; a flood of made-up ones shares the last. */
const MOST_ENDPOINTS = 5_000;

export interface Router {
  (method: string, url: string): Route;
}

export function createRouter(core: Core): Router {
  const known = new Map<string, Route>();
  return (method, url) => {
    const path = pathOf(url);
    const name = `${method} ${path}`;
    const remembered = known.get(name);
    if (remembered) return remembered;
    if (known.size >= MOST_PATHS) known.clear();
    const found = sorted(core, method, belowMount(path));
    known.set(name, found);
    return found;
  };
}

/** From the lowest bit: service, class, whether it may be repeated, and the letters of its endpoint. */
function sorted(core: Core, method: string, path: string): Route {
  const sorts = core.call.target(core.write(`${method} ${path}`));
  const start = method.length + 1;
  const endpoint = core.read(start + (sorts >> 8)).slice(start);
  return {
    number: numberOf(core.endpoints, endpoint),
    kind: sorts & 0b111_1111,
    byPreference: (sorts & 0b1000_0000) !== 0,
    service: SERVICES[sorts & 7] ?? "rest",
    class: CLASSES[(sorts >> 3) & 7] ?? "reads",
    endpoint,
    method,
  };
}

function numberOf(endpoints: string[], endpoint: string): number {
  const known = endpoints.indexOf(endpoint);
  if (known >= 0) return known;
  return endpoints.length < MOST_ENDPOINTS ? endpoints.push(endpoint) - 1 : MOST_ENDPOINTS - 1;
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
