// Reads Power Query files as Microsoft's own parser does; prints a line for each that is none.
import {createRequire} from "node:module";
import {readFileSync} from "node:fs";

const require = createRequire(`${process.argv[2]}/`);
const {TaskUtils, DefaultSettings} = require("@microsoft/powerquery-parser");
let faults = 0;
for (const path of process.argv.slice(3)) {
  const task = await TaskUtils.tryLexParse(DefaultSettings, readFileSync(path, "utf-8"));
  if (TaskUtils.isError(task)) {
    faults += 1;
    console.log(`${path}: ${task.error.message}`);
  }
}
process.exit(faults ? 1 : 0);
