// Judges an AsyncAPI document by AsyncAPI's own parser: exit 1 with every error, one a line.
import { readFileSync } from "node:fs";
import { Parser } from "@asyncapi/parser";

const path = process.argv[2];
const { document, diagnostics } = await new Parser().parse(readFileSync(path, "utf8"));
const errors = diagnostics.filter((found) => found.severity === 0);
for (const found of errors) {
  console.error(`${path}:${found.range.start.line + 1} ${found.path.join("/")} ${found.message}`);
}
if (!document || errors.length > 0) process.exit(1);
const messages = document.allMessages().all().length;
console.log(`${path}: valid AsyncAPI ${document.version()}, ${document.allChannels().all().length} channels, ${messages} messages`);
