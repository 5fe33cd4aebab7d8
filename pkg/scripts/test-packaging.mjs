/** Packs the package, installs it in a throw-away project, and uses it there under every bundler and runtime. */

import { makeProject } from "../tests/packaging/project.mjs";
import { runTests } from "./run-tests.mjs";

const { project, remove } = await makeProject();
let status = 1;
try {
  status = await runTests("tests/packaging", process.argv.slice(2), { env: { SEAWALL_PACKAGING_PROJECT: project } });
} finally {
  await remove();
}
process.exit(status);
