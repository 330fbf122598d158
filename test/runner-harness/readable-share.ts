import type { RunnerMasker } from './runner-masker.ts';

/**
 * How much of a secret a reader of the masked log can tell from one form of it. A letter of the secret counts as readable as soon as
 * one printed character that depends on it is visible: half a base64 group is a finding, although it gives away a few bits only.
 *
 * @param print what a step prints, given the secret; the text's length must not depend on which letters the secret has
 * @param secret its letters and digits are counted; other characters may be among them
 * @returns 0 to 1
 */
export function readableShare(masker: RunnerMasker, print: (secret: string) => string, secret: string): number {
  const text = print(secret);
  const visible = text.split('\n').flatMap((line) => [...masker.hidden(line).map((hidden) => !hidden), true]);
  const letters = [...secret.matchAll(/[A-Za-z0-9]/g)].map(({ index }) => index);
  const readable = letters.filter((at) => {
    const places = dependents(text, (letter) => print(secret.slice(0, at) + letter + secret.slice(at + 1)));
    if (places.length === 0) throw new Error('readableShare: the form does not depend on a letter of the secret');
    return places.some((place) => visible[place]);
  });
  return readable.length / letters.length;
}

/** Where a text changes with a letter. J and 5 differ in all seven bits, so of any letter each bit is flipped by one of the two. */
function dependents(text: string, printWith: (letter: string) => string): number[] {
  const variants = [printWith('J'), printWith('5')];
  if (variants.some((variant) => variant.length !== text.length)) {
    throw new Error('readableShare: the form changed its length with a letter');
  }
  return [...text].map((_, at) => at).filter((at) => variants.some((variant) => variant[at] !== text[at]));
}
