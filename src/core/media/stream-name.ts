// The name of a stream as SRS has it: virtual host, application (may have several levels), stream.

export interface StreamName {
  readonly vhost: string;
  readonly app: string;
  readonly stream: string;
}

export const DEFAULT_VHOST = '__defaultVhost__';

/** The key in the hub. */
export const streamKey = ({ vhost, app, stream }: StreamName): string => `${vhost}/${app}/${stream}`;

/** As SRS prints it: the default vhost is left out. */
export const streamUrl = ({ vhost, app, stream }: StreamName): string =>
  vhost === DEFAULT_VHOST ? `/${app}/${stream}` : `${vhost}/${app}/${stream}`;
