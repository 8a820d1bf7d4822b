// What the API says of the machine and this process; read by the net layer, told to the API as plain values.

/** Numbers of the process and the machine together, taken at one time. */
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

/** Names and values as the kernel has them: of `/proc/self/stat`, `/proc/stat`, `/proc/meminfo`, getrusage(2). */
export type KernelValues = Readonly<Record<string, number | string>>;

/** uname(2). */
export interface MachineName {
  readonly sysname: string;
  readonly nodename: string;
  readonly release: string;
  readonly version: string;
  readonly machine: string;
}

/** Reads the machine; what it does not tell is zero or missing. */
export interface SystemReader {
  read(): SystemReading;
  /** getrusage(2), by the names of its fields; times in whole seconds, memory in KiB. */
  usage(): KernelValues;
  /** proc(5), `/proc/self/stat`, by the names of its fields. */
  process(): KernelValues;
  /** proc(5), first line of `/proc/stat`, by the names of its columns. */
  cpu(): KernelValues;
  /** proc(5), `/proc/meminfo`, in KiB. */
  memory(): KernelValues;
  name(): MachineName;
  /**
   * The address that stands for this machine (SRS: SRS_DEVICE_IP, else the local address with the number `index`, the
   * loopback not counted); empty when there is none.
   */
  deviceIp(index: number): string;
}

/** Which parts of the machine are read (SRS: the block `stats`). */
export interface SystemChoice {
  /** Off: everything but the numbers of this process is zero. */
  readonly enabled: boolean;
  /** Block devices by their names in `/proc/diskstats`. */
  readonly disks: readonly string[];
}
