// SIPp as a camera of GB/T 28181: it registers, says that it is alive, and takes every INVITE that comes.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cameraId, domain, serverId } from './gb-camera.ts';
import { type Child, scratchFolder, start } from './interop.ts';

const via = `Via: SIP/2.0/[transport] [local_ip]:[local_port];rport;branch=[branch]
From: <sip:${cameraId}@${domain}>;tag=[call_number]`;
const back = `[last_Via:]
[last_From:]
[last_To:]`;
const rest = `[last_Call-ID:]
[last_CSeq:]`;

const send = (text: string, retrans = ''): string => `<send${retrans}><![CDATA[\n${text}\n]]></send>`;
const scenario = (name: string, steps: readonly string[]): string =>
  `<?xml version="1.0" encoding="ISO-8859-1" ?>\n<scenario name="${name}">\n${steps.join('\n')}\n</scenario>\n`;

const registers = scenario('registers', [
  send(`REGISTER sip:${serverId}@${domain} SIP/2.0
${via}
To: <sip:${cameraId}@${domain}>
Call-ID: [call_id]
CSeq: 1 REGISTER
Contact: <sip:${cameraId}@[local_ip]:[local_port]>
Max-Forwards: 70
Expires: 3600
Content-Length: 0

`),
  '<recv response="200"></recv>',
  send(`MESSAGE sip:${serverId}@${domain} SIP/2.0
${via}
To: <sip:${serverId}@${domain}>
Call-ID: [call_id]
CSeq: 2 MESSAGE
Content-Type: Application/MANSCDP+xml
Max-Forwards: 70
Content-Length: [len]

<?xml version="1.0" encoding="GB2312"?>
<Notify><CmdType>Keepalive</CmdType><SN>1</SN><DeviceID>${cameraId}</DeviceID><Status>OK</Status></Notify>`),
  '<recv response="200"></recv>',
  '<pause milliseconds="120000"/>',
]);

const invited = scenario('invited', [
  '<recv request="INVITE"></recv>',
  send(`SIP/2.0 100 Trying\n${back}\n${rest}\nContent-Length: 0\n\n`),
  send(
    `SIP/2.0 200 OK
${back};tag=[pid]camera[call_number]
${rest}
Contact: <sip:${cameraId}@[local_ip]:[local_port]>
Content-Type: application/sdp
Content-Length: [len]

v=0
o=${cameraId} 0 0 IN IP4 [local_ip]
s=Play
c=IN IP4 [local_ip]
t=0 0
m=video 15060 TCP/RTP/AVP 96
a=setup:active
a=sendonly
a=rtpmap:96 PS/90000`,
    ' retrans="500"',
  ),
  '<recv request="ACK"></recv>',
  '<recv request="BYE"></recv>',
  send(`SIP/2.0 200 OK\n${back}\n${rest}\nContent-Length: 0\n\n`),
]);

export interface Sipp {
  readonly child: Child;
  /** Everything that was sent and received so far. */
  messages(): Promise<string>;
}

/** Registers at a port of this machine, from another one that is free. */
export async function sippCamera(transport: 'TCP' | 'UDP', port: number, ownPort: number): Promise<Sipp> {
  const folder = await scratchFolder();
  const [register, invite, log] = ['register.xml', 'invited.xml', 'messages.log'].map((name) => join(folder, name));
  await writeFile(register as string, registers);
  await writeFile(invite as string, invited);
  const files = ['-sf', register as string, '-oocsf', invite as string, '-trace_msg', '-message_file', log as string];
  const own = ['-i', '127.0.0.1', '-p', String(ownPort), '-t', transport === 'TCP' ? 't1' : 'u1'];
  const child = start('sipp', [`127.0.0.1:${port}`, ...own, ...files, '-m', '1', '-nostdin']);
  return { child, messages: () => readFile(log as string, 'latin1').catch(() => '') };
}
