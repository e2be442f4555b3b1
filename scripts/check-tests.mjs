#!/usr/bin/env node
// SPDX-License-Identifier: GPL-2.0-only
// Refuses assertions that cannot fail where they should. tap's `match` takes surplus elements of arrays, surplus fields and
// parts of texts, and so do `has` and their like: with them "exactly these events" and "no events" assert nothing.
// Allowed are `t.match(TEXT, REGEXP)` and `t.notMatch(TEXT, REGEXP)`, where the type checker says that the first is a string
// (or undefined or null, which fails) and the second a regular expression. Everything else of the kind is refused, also where
// it is handed on by another name. Prints each with its place; exit status 1 if there is any.
//   scripts/check-tests.mjs [FILE...]    the files to look at; all of the project's tests if none is named
import { relative, resolve } from 'node:path';
import ts from 'typescript';

const TEXT_ONLY = ['match', 'notMatch'];
const LOOSE = ['match', 'matchStrict', 'matchOnly', 'matchOnlyStrict', 'has', 'hasStrict'];
const REFUSED = LOOSE.flatMap((name) => [name, `not${name[0].toUpperCase()}${name.slice(1)}`]).filter(
  (name) => !TEXT_ONLY.includes(name),
);
const INSTEAD = 'use t.same, or hasFields of test/fields.ts for some fields of an object';

const { config } = ts.readConfigFile('tsconfig.json', ts.sys.readFile);
const parsed = ts.parseJsonConfigFileContent(config, ts.sys, process.cwd());
const named = process.argv.slice(2).map((file) => resolve(file));
const program = ts.createProgram([...parsed.fileNames, ...named], { ...parsed.options, noEmit: true });
const checker = program.getTypeChecker();

/** Whether every part of a type is one of these kinds; `any` is none. */
function isAll(type, accepts) {
  return type.isUnion() ? type.types.every((part) => isAll(part, accepts)) : accepts(type);
}
const isText = (type) =>
  isAll(type, ({ flags }) => (flags & (ts.TypeFlags.StringLike | ts.TypeFlags.Undefined | ts.TypeFlags.Null)) !== 0);
const isRegExp = (type) => isAll(type, (part) => part.getSymbol()?.getName() === 'RegExp');

/** Whether a value of this type asserts: tap's Test, or what stands for it. */
function asserts(type) {
  const parts = type.isUnion() ? type.types : [type];
  return parts.some((part) =>
    TEXT_ONLY.concat(REFUSED).some((name) =>
      (part.getProperty(name)?.declarations ?? []).some((one) =>
        /\/@tapjs\/|\/\.tap\//.test(one.getSourceFile().fileName),
      ),
    ),
  );
}

const wrong = [];
let calls = 0;
function tell(node, why) {
  const file = node.getSourceFile();
  const { line, character } = file.getLineAndCharacterOfPosition(node.getStart());
  wrong.push(`${relative('.', file.fileName)}:${line + 1}:${character + 1}: ${why}`);
}

/** The name of an assertion that this node takes from a test, and that test. */
function taken(node) {
  if (ts.isPropertyAccessExpression(node)) return [node.name.text, node.expression];
  if (ts.isElementAccessExpression(node) && ts.isStringLiteralLike(node.argumentExpression))
    return [node.argumentExpression.text, node.expression];
  if (ts.isBindingElement(node) && ts.isObjectBindingPattern(node.parent))
    return [(node.propertyName ?? node.name).getText(), node.parent];
  return ['', node];
}

function visit(node) {
  ts.forEachChild(node, visit);
  const [name, test] = taken(node);
  if (!TEXT_ONLY.includes(name) && !REFUSED.includes(name)) return;
  if (!asserts(checker.getTypeAtLocation(test))) return;
  calls++;
  if (REFUSED.includes(name)) return tell(node, `${name} takes surplus fields and elements: ${INSTEAD}`);
  const call = node.parent;
  if (!ts.isCallExpression(call) || call.expression !== node)
    return tell(node, `${name} is called by its own name: ${INSTEAD}`);
  const [found, wanted] = call.arguments;
  if (found === undefined || !isText(checker.getTypeAtLocation(found)))
    return tell(node, `${name} is for a string against a regular expression, and this is no string: ${INSTEAD}`);
  if (wanted === undefined || !isRegExp(checker.getTypeAtLocation(wanted)))
    return tell(node, `${name} takes a part of a text where it is given no regular expression: ${INSTEAD}`);
}

const files = program
  .getSourceFiles()
  .filter(({ fileName }) =>
    named.length > 0 ? named.includes(resolve(fileName)) : relative('.', fileName).startsWith('test/'),
  );
for (const file of files) visit(file);
for (const line of wrong) console.error(line);
if (files.length === 0) console.error('no tests found');
console.log(`${files.length} files of tests, ${calls} assertions on a part of a text, ${wrong.length} refused`);
process.exit(wrong.length === 0 && files.length > 0 ? 0 : 1);
