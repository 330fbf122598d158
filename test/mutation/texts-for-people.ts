/** As much of Babel's syntax tree as is needed here. */
interface SyntaxNode {
  readonly type: string;
  readonly key?: { readonly name?: string };
  readonly expressions?: readonly SyntaxNode[];
  readonly callee?: { readonly property?: { readonly name?: string } };
}

interface SyntaxPath {
  readonly node: SyntaxNode;
  readonly parentPath: SyntaxPath | null;
}

const FIELDS = new Set(['message', 'remedy', 'detail']);
const CALLS = new Set(['progress', 'warning']);
const DECISIONS = new Set(['ConditionalExpression', 'LogicalExpression']);
/** What may stand between a sentence and the field or call that it is for, when it is one of several. */
const CHOICES = new Set([...DECISIONS, 'TemplateLiteral']);

/**
 * Leaves the wording of errors, signals and progress lines as it is: a test that repeats a sentence shows only that it was copied.
 * Codes, labels, `changed`, `retryable`, and which of two sentences is chosen, are mutated like everything else.
 */
const textsForPeople = {
  shouldIgnore({ node, parentPath }: SyntaxPath): string | undefined {
    return isPlainText(node) && isForPeople(parentPath) ? 'the wording of a text for people' : undefined;
  },
};

function isPlainText({ type, expressions = [] }: SyntaxNode): boolean {
  if (type === 'StringLiteral') return true;
  return type === 'TemplateLiteral' && !expressions.some((part) => DECISIONS.has(part.type));
}

function isForPeople(path: SyntaxPath | null): boolean {
  if (!path) return false;
  const { type, key, callee } = path.node;
  if (CHOICES.has(type)) return isForPeople(path.parentPath);
  if (type === 'ObjectProperty') return FIELDS.has(key?.name ?? '');
  return type === 'CallExpression' && CALLS.has(callee?.property?.name ?? '');
}

export const strykerPlugins = [{ kind: 'Ignore', name: 'texts-for-people', value: textsForPeople }];
