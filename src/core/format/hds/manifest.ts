// The manifest of HDS (Adobe Flash Media Manifest File Format Specification 1.0).
import { escapeXml } from '../../base/xml.ts';

/** A stream of one quality, whose bootstrap is a file beside its manifest. */
export interface Manifest {
  /** Name of the stream: its files begin with it. */
  readonly name: string;
  /** Body of its onMetaData. */
  readonly metadata: Uint8Array;
}

/** The text of `name.f4m`, beside `name.abst` and the folder `name/`. */
export function writeManifest({ name, metadata }: Manifest): string {
  const url = escapeXml(encodeURIComponent(name));
  return `<?xml version="1.0" encoding="utf-8"?>
<manifest xmlns="http://ns.adobe.com/f4m/1.0">
  <id>${escapeXml(name)}</id>
  <streamType>live</streamType>
  <deliveryType>streaming</deliveryType>
  <bootstrapInfo profile="named" url="${url}.abst" id="bootstrap0"/>
  <media bitrate="0" url="${url}/" bootstrapInfoId="bootstrap0">
    <metadata>${Buffer.from(metadata).toString('base64')}</metadata>
  </media>
</manifest>
`;
}

/** The only segment has all fragments. */
export const fragmentName = (number: number): string => `Seg1-Frag${number}`;
