// A TCP proxy on loopback that can cut the network as a lost radio link does: the connections stay open
// and nothing passes, until all that waited comes in one burst. Each connection arrives from an address of
// its own, as people's do, so that limits per address see many people and not one.
import { connect, createServer } from 'node:net';

export async function startProxy(t, port) {
  const pairs = new Set();
  let frozen = false;
  let count = 0;
  const nextAddress = () => { count += 1; return `127.${1 + (count >> 16)}.${(count >> 8) & 255}.${count & 255}`; };

  const server = createServer((near) => {
    const far = connect({ port, host: '127.0.0.1', localAddress: nextAddress() });
    const pair = [near, far];
    pairs.add(pair);
    for (const [from, to] of [[near, far], [far, near]]) {
      from.setNoDelay(true);
      from.on('error', () => {});
      from.on('data', (data) => to.write(data));
      // Nobody hears of an end either while the network is gone.
      from.on('close', () => { from.over = true; if (!frozen) forget(pair); });
      if (frozen) from.pause();
    }
  });
  const forget = (pair) => { pairs.delete(pair); for (const socket of pair) socket.destroy(); };
  await new Promise((done) => { server.listen(0, '127.0.0.1', done); });
  t?.after(() => { for (const pair of pairs) forget(pair); server.close(); });

  return {
    port: server.address().port,
    freeze() { frozen = true; for (const pair of pairs) for (const socket of pair) socket.pause(); },
    thaw() {
      frozen = false;
      for (const pair of pairs) {
        if (pair.some((socket) => socket.over)) forget(pair);
        else for (const socket of pair) socket.resume();
      }
    },
    // Ends all connections as a broken path does.
    drop() { for (const pair of pairs) for (const socket of pair) socket.resetAndDestroy(); },
  };
}
