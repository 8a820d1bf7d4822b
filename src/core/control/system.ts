// What the API says of the machine and this process; read by the net layer, told to the API as plain values.

export interface SystemReading {
  readonly pid: number;
  readonly ppid: number;
  readonly argv: string;
  readonly cwd: string;
  /** Resident memory of this process. */
  readonly memKbyte: number;
  /** 0 to 1 of all memory, of one core, of all cores. */
  readonly memRatio: number;
  readonly cpuRatio: number;
  readonly uptimeSeconds: number;
  readonly system: {
    readonly cpuRatio: number;
    readonly diskReadKbps: number;
    readonly diskWriteKbps: number;
    readonly diskBusyRatio: number;
    readonly ramKbyte: number;
    readonly ramRatio: number;
    readonly swapKbyte: number;
    readonly swapRatio: number;
    readonly cpus: number;
    readonly uptimeSeconds: number;
    readonly idleSeconds: number;
    readonly load: readonly [number, number, number];
    readonly netSampleMs: number;
    readonly netReceived: number;
    readonly netSent: number;
    readonly loopReceived: number;
    readonly loopSent: number;
    readonly tcpConnections: number;
    readonly tcpEstablished: number;
    readonly tcpTimeWait: number;
    readonly udpSockets: number;
  };
}

export interface SystemReader {
  read(): SystemReading;
}
