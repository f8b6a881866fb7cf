// Transpiles TypeScript from standard input to JavaScript on standard output, without type checks.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const typescript = createRequire(process.env.NODE_PACKAGE)("typescript");
const { outputText } = typescript.transpileModule(readFileSync(0, "utf8"), {
  compilerOptions: {
    target: typescript.ScriptTarget.ES2023,
    module: typescript.ModuleKind.ESNext,
    verbatimModuleSyntax: true,
  },
});
process.stdout.write(outputText);
