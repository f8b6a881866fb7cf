// The operators for TypeScript, based on its compiler. Reads JSON from standard input, writes JSON:
//   { "list": { file: text } }                      all changes of modules, in order of position
//   { "parse": [text] }                             the number of syntax errors of each
//   { "check": [[file, text]], "project": path }    the first compiler error of a changed module
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";

const ts = createRequire(process.env.NODE_PACKAGE)("typescript");

const ARITHMETIC = {
  "+": "-",
  "-": "+",
  "*": "/",
  "/": "*",
  "%": "*",
  "**": "*",
  "&": "|",
  "|": "&",
  "<<": ">>",
  ">>": "<<",
  "+=": "-=",
  "-=": "+=",
  "*=": "/=",
};
const COMPARISONS = {
  "<": { boundary: "<=", comparison: ">=" },
  "<=": { boundary: "<", comparison: ">" },
  ">": { boundary: ">=", comparison: "<=" },
  ">=": { boundary: ">", comparison: "<" },
  "===": { comparison: "!==" },
  "!==": { comparison: "===" },
};
const BOOLEANS = { "&&": "||", "||": "&&", "??": "&&" };
const STEPS = { "++": "--", "--": "++" };
// Calls that can be removed and leave a value of the same type.
const METHODS = new Set([
  ...["trim", "trimStart", "trimEnd", "toLowerCase", "toUpperCase", "sort", "toSorted", "reverse"],
  ...["slice", "filter", "concat", "flat"],
]);
const FUNCTIONS = new Set(["Number", "String", "BigInt", "Set", "decodeURIComponent"]);
const MATHS = new Set(["abs", "ceil", "floor", "round", "trunc"]);

const { SyntaxKind } = ts;

/**
 * By the kind of a node what is made of it: pairs of an operator and the text that takes its place.
 * A third member is the node that is replaced, if it is another.
 */
const OPERATORS = {
  [SyntaxKind.BinaryExpression]: (node) => {
    const operator = node.operatorToken.getText();
    const swaps = {
      ...COMPARISONS[operator],
      arithmetic: ARITHMETIC[operator],
      boolean: BOOLEANS[operator],
    };
    return Object.entries(swaps)
      .filter(([, other]) => other !== undefined)
      .map(([name, other]) => [name, swapped(node, other)]);
  },
  [SyntaxKind.PrefixUnaryExpression]: (node) =>
    node.operator === SyntaxKind.ExclamationToken
      ? [["negation", node.operand.getText()]]
      : stepped(node),
  [SyntaxKind.PostfixUnaryExpression]: (node) => stepped(node),
  [SyntaxKind.IfStatement]: ({ expression }) => forced(expression, "true", "false"),
  [SyntaxKind.ConditionalExpression]: ({ condition }) => forced(condition, "true", "false"),
  [SyntaxKind.WhileStatement]: ({ expression }) => forced(expression, "false"),
  [SyntaxKind.DoStatement]: ({ expression }) => forced(expression, "false"),
  [SyntaxKind.ForStatement]: ({ condition }) => forced(condition, "false"),
  [SyntaxKind.TrueKeyword]: () => [["literal", "false"]],
  [SyntaxKind.FalseKeyword]: () => [["literal", "true"]],
  [SyntaxKind.NumericLiteral]: ({ text }) => [
    ["number", `${Number(text) + 1}`],
    ["number", parenthesized(Number(text) - 1)],
  ],
  [SyntaxKind.BigIntLiteral]: ({ text }) => [["number", text === "0n" ? "1n" : "0n"]],
  [SyntaxKind.StringLiteral]: (node) => emptied(node),
  [SyntaxKind.NoSubstitutionTemplateLiteral]: (node) => emptied(node),
  [SyntaxKind.TemplateExpression]: (node) => emptied(node),
  [SyntaxKind.RegularExpressionLiteral]: ({ text }) => [
    ["string", `/(?:)/${text.slice(text.lastIndexOf("/") + 1)}`],
  ],
  [SyntaxKind.ExpressionStatement]: ({ expression }) =>
    isRemovable(expression) ? [["statement", ";"]] : [],
  [SyntaxKind.ThrowStatement]: () => [["statement", ";"]],
  [SyntaxKind.ReturnStatement]: ({ expression }) => returned(expression),
  [SyntaxKind.ArrowFunction]: ({ body }) => returned(body),
  [SyntaxKind.AwaitExpression]: ({ expression }) => [["await", expression.getText()]],
  [SyntaxKind.CallExpression]: (node) => {
    const without = remaining(node);
    return without ? [["call", without.getText()]] : [];
  },
};

/** All changes of a module. */
function changesOf(file, text) {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2023, true);
  const found = [];
  const visit = (node, scope) => {
    if (isOfTypes(node)) return;
    for (const [operator, replacement, replaced = node] of OPERATORS[node.kind]?.(node) ?? []) {
      const [start, end] = [replaced.getStart(), replaced.end];
      const line = source.getLineAndCharacterOfPosition(start).line + 1;
      const original = text.slice(start, end);
      found.push({ operator, line, start, end, original, replacement, function: scope });
    }
    // As a whole, like in Python.
    if (ts.isTemplateExpression(node)) return;
    const name = nameOf(node);
    const within = name === undefined ? scope : [scope, name].filter(Boolean).join(".");
    ts.forEachChild(node, (child) => visit(child, within));
  };
  visit(source, "");
  return found.map((change) => inCodePoints(text, change));
}

/** An expression with another operator. */
function swapped(node, other) {
  const { operatorToken } = node;
  const before = node.getText().slice(0, operatorToken.getStart() - node.getStart());
  return before + other + node.getText().slice(before.length + operatorToken.getWidth());
}

function stepped(node) {
  const operator = ts.tokenToString(node.operator);
  const other = STEPS[operator];
  return other === undefined ? [] : [["arithmetic", node.getText().replace(operator, other)]];
}

/** A condition that is always true, or always false. */
function forced(test, ...values) {
  const constant = [undefined, SyntaxKind.TrueKeyword, SyntaxKind.FalseKeyword];
  return constant.includes(test?.kind) ? [] : values.map((value) => ["condition", value, test]);
}

function emptied(node) {
  const empty = ts.isTaggedTemplateExpression(node.parent) ? "``" : '""';
  return node.text === "" ? [] : [["string", empty]];
}

function returned(value) {
  if (value === undefined || ts.isBlock(value) || value.getText() === "undefined") return [];
  return [["return", "undefined as never", value]];
}

/** Whether only the compiler reads a node, or it is a name. */
function isOfTypes(node) {
  if (ts.isPropertyAssignment(node.parent ?? node) && node.parent.name === node) return true;
  return (
    ts.isTypeNode(node) ||
    ts.isInterfaceDeclaration(node) ||
    ts.isTypeAliasDeclaration(node) ||
    ts.isImportDeclaration(node) ||
    ts.isExportDeclaration(node) ||
    ts.isTypeParameterDeclaration(node) ||
    ts.isModuleDeclaration(node)
  );
}

/** The name of a scope. */
function nameOf(node) {
  if (ts.isConstructorDeclaration(node)) return "constructor";
  const holds =
    ts.isFunctionDeclaration(node) ||
    ts.isClassDeclaration(node) ||
    ts.isMethodDeclaration(node) ||
    ts.isAccessor(node) ||
    ts.isPropertyDeclaration(node) ||
    (ts.isVariableDeclaration(node) && ts.isSourceFile(node.parent.parent.parent));
  return holds && node.name && ts.isIdentifier(node.name) ? node.name.text : undefined;
}

/** Statements with an effect: calls, and assignments that are visible elsewhere. */
function isRemovable(expression) {
  if (ts.isCallExpression(expression))
    return expression.expression.kind !== SyntaxKind.SuperKeyword;
  if (ts.isAwaitExpression(expression) || ts.isDeleteExpression(expression)) return true;
  if (ts.isVoidExpression(expression)) return true;
  if (!ts.isBinaryExpression(expression)) return false;
  const operator = ts.tokenToString(expression.operatorToken.kind);
  if (operator === "=") return !ts.isIdentifier(expression.left);
  return Boolean(ARITHMETIC[operator]?.endsWith("="));
}

/** The rest of a removed call: the object of a method, or the argument. */
function remaining({ expression, arguments: given, parent }) {
  if (ts.isPropertyAccessExpression(expression)) {
    if (METHODS.has(expression.name.text)) return expression.expression;
    const isMath = expression.expression.getText() === "Math" && MATHS.has(expression.name.text);
    return isMath ? given[0] : undefined;
  }
  if (given.length !== 1 || !ts.isIdentifier(expression)) return undefined;
  // A wrapped function, like with a decorator.
  const isWrapped = ts.isVariableDeclaration(parent) && ts.isArrowFunction(given[0]);
  return isWrapped || FUNCTIONS.has(expression.text) ? given[0] : undefined;
}

/** After a minus, another sign would form another operator. */
function parenthesized(number) {
  return number < 0 ? `(${number})` : `${number}`;
}

/** Positions in Python's units. */
function inCodePoints(text, change) {
  const count = (end) => [...text.slice(0, end)].length;
  return { ...change, start: count(change.start), end: count(change.end) };
}

/** The number of syntax errors of a module. */
function faultsOf(text) {
  return ts.createSourceFile("module.ts", text, ts.ScriptTarget.ES2023, false).parseDiagnostics
    .length;
}

/** The first compiler error of each changed module by itself, or nothing. */
function check(changed, project) {
  const read = ts.readConfigFile(project, ts.sys.readFile);
  const { fileNames, options } = ts.parseJsonConfigFileContent(
    read.config,
    ts.sys,
    dirname(project),
  );
  const host = ts.createCompilerHost(options);
  const parsed = new Map();
  let override;
  const getSourceFile = host.getSourceFile.bind(host);
  host.getSourceFile = (name, ...rest) => {
    if (name === override?.[0]) return ts.createSourceFile(name, override[1], rest[0], true);
    if (!parsed.has(name)) parsed.set(name, getSourceFile(name, ...rest));
    return parsed.get(name);
  };
  let program;
  return changed.map((change) => {
    override = change;
    program = ts.createProgram(fileNames, { ...options, noEmit: true }, host, program);
    const source = program.getSourceFile(change[0]);
    const faults = [
      ...program.getSyntacticDiagnostics(source),
      ...program.getSemanticDiagnostics(source),
    ];
    return faults.length ? ts.flattenDiagnosticMessageText(faults[0].messageText, " ") : "";
  });
}

function answer({ list, parse, check: changed, project }) {
  if (list === undefined) return parse ? parse.map(faultsOf) : check(changed, project);
  return Object.fromEntries(
    Object.entries(list).map(([file, text]) => [file, changesOf(file, text)]),
  );
}

process.stdout.write(JSON.stringify(answer(JSON.parse(readFileSync(0, "utf8")))));
