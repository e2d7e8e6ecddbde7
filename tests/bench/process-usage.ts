import { readFileSync } from 'node:fs'

/** Linux counts processor time in hundredths of a second (USER_HZ). */
const tickMs = 10
export const megabyte = 1_048_576

/** Resident memory and processor time of a process so far, from /proc. */
export function readUsage(pid: number): { rssBytes: number; cpuMs: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The command's name in brackets may hold spaces; the fields are counted after it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ticks = Number(fields[11]) + Number(fields[12])
  const residentKb = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return { rssBytes: Number(residentKb) * 1_024, cpuMs: ticks * tickMs }
}
