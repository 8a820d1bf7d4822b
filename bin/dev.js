#!/usr/bin/env node
// The entry point for development: runs the commands from src by type stripping, without a build or a manifest.
import { readFileSync } from 'node:fs';
import { execute } from '@oclif/core';

const root = new URL('..', import.meta.url);
const manifest = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));
Object.assign(manifest.oclif, { commands: './src/commands', helpClass: './src/cli/help' });

await execute({
  loadOptions: { root: decodeURIComponent(root.pathname), pjson: manifest, isRoot: true, ignoreManifest: true },
});
