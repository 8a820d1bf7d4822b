// Adobe HTTP Dynamic Streaming on its way out: fragments, bootstrap, manifest.
export { type Bootstrap, type ListedFragment, namedFragments, writeBootstrap } from './bootstrap.ts';
export { type Fragment, Fragmenter, type FragmenterOptions } from './fragmenter.ts';
export { fragmentName, type Manifest, writeManifest } from './manifest.ts';
