// What a process listens on, read from the kernel: /proc/PID/fd against /proc/net.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

const LISTEN = '0A'; // TCP_LISTEN in /proc/net/tcp

function inodes(pid) {
  return new Set(readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try { return [readlinkSync(`/proc/${pid}/fd/${fd}`).match(/^socket:\[(\d+)\]$/)?.[1]]; } catch { return []; }
  }).filter(Boolean));
}

const table = (name) => readFileSync(`/proc/net/${name}`, 'utf8').split('\n').slice(1).filter(Boolean)
  .map((line) => line.trim().split(/\s+/));

// Sockets of `pid` that anybody could reach: listening TCP, any UDP or raw, listening unix.
export function openDoors(pid) {
  const own = inodes(pid);
  const doors = [];
  for (const name of ['tcp', 'tcp6']) {
    for (const row of table(name)) if (row[3] === LISTEN && own.has(row[9])) doors.push(`${name} ${row[1]}`);
  }
  for (const name of ['udp', 'udp6', 'raw', 'raw6']) {
    for (const row of table(name)) if (own.has(row[9])) doors.push(`${name} ${row[1]}`);
  }
  for (const row of table('unix')) {
    const listening = (parseInt(row[3], 16) & 0x10000) !== 0;
    if (listening && own.has(row[6])) doors.push(`unix ${row[7] ?? ''}`);
  }
  return doors;
}

// A process and all its descendants.
export function family(pid) {
  const parents = new Map();
  for (const name of readdirSync('/proc').filter((n) => /^\d+$/.test(n))) {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch { /* it has gone */ }
  }
  const all = [pid];
  for (let i = 0; i < all.length; i += 1) {
    for (const [child, parent] of parents) if (parent === all[i]) all.push(child);
  }
  return all;
}
