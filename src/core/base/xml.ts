// Text in XML 1.0 (§2.4).

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** For content, and for values in double quotes. */
export const escapeXml = (text: string): string => text.replace(/[&<>"]/g, (letter) => escapes[letter] ?? letter);
