// Settings of files over HTTP that are no directives.

/** Bounds of the route. */
export interface HttpStaticConfig {
  /** Files that are open at once; each answer has one, and a process has a limit of its own for all of its sockets. */
  readonly openFiles: number;
}

/** Fit for a server that mainly has live streams. */
export const defaults: HttpStaticConfig = {
  // Chosen: a tenth of what service managers allow (LimitNOFILE of 20,000 for as many sessions).
  openFiles: 2000,
};
