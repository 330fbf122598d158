/**
 * Cleans a description as an HTML sanitiser with no allowed tag does: scripts and styles go with their content, other tags go
 * without, an unfinished tag or comment takes all behind it with it (how HTML is read), stray angle brackets and ampersands become entities. Cleaning twice is the same as cleaning once.
 */
export function sanitiseHtml(text: string): string {
  return text
    .replace(/<(script|style)\b[^>]*>[\s\S]*?<\/\1\s*>/gi, '')
    .replace(/<!--[\s\S]*?-->/g, '')
    .replace(/<\/?[a-zA-Z][^>]*>/g, '')
    .replace(/<(?:\/?[a-zA-Z]|!)[\s\S]*$/, '')
    .replace(/&(?!(?:amp|lt|gt);)/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;');
}
