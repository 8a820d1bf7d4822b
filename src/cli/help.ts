// The help of oclif with one more section: what the exit codes say.
import { Help } from '@oclif/core';
import { exitCodeTable } from './exit-code.ts';

export default class SrsxHelp extends Help {
  override async showRootHelp(): Promise<void> {
    await super.showRootHelp();
    const codes = exitCodeTable.map(([code, text]): [string, string] => [String(code), text]);
    this.log(this.section('EXIT CODES', codes));
  }
}
