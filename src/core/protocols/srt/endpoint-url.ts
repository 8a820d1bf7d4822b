// srt:// texts that are no web URLs (`srt://:9000`, a streamid with `#`) within one, for interfaces that want a URL.

const HOST = 'text.invalid';

/** Carries the text as it was typed. */
export const urlOf = (text: string): URL => new URL(`srt://${HOST}/?text=${encodeURIComponent(text)}`);

/** The text of `urlOf`, or of a URL that was one from the start. */
export const textOf = (url: URL): string =>
  url.host === HOST ? (url.searchParams.get('text') ?? '') : decodeURI(url.href);
