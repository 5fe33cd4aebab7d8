import { entries, packageRoot } from "./entries.mjs";

/** TypeDoc's options: one page for each exported name, written to docs/api. */
export default {
  name: "seawall",
  entryPoints: entries().map(({ source }) => source),
  tsconfig: `${packageRoot}/tsconfig.json`,
  readme: `${packageRoot}/README.md`,
  out: "../api",
  excludeInternal: true,
  excludePrivate: true,
  disableSources: true,
  hideGenerator: true,
  // A link that leads nowhere and a name without a comment end the run.
  treatWarningsAsErrors: true,
  treatValidationWarningsAsErrors: true,
  validation: { invalidLink: true, notDocumented: false, notExported: false },
};
