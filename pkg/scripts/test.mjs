/** The package's own tests, all or those whose name contains a word of the command line. */

import { runTests } from "./run-tests.mjs";

process.exit(await runTests("tests", process.argv.slice(2)));
