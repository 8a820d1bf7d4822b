// What the elements of header extensions say.

const decoder = new TextDecoder();

/**
 * A MID, RID or repaired RID (RFC 9143 §15, RFC 8852 §3.3). Undefined for what cannot be one: letters, digits and the signs of
 * a token, 1 to 32 of them.
 */
export function parseSourceText(element: Uint8Array): string | undefined {
  if (element.length === 0 || element.length > 32) return undefined;
  const text = decoder.decode(element);
  return /^[\w!#$%&'*+.^`{|}~-]+$/.test(text) ? text : undefined;
}
