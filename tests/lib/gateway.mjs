// The gateway under test.
import path from 'node:path';
import { bin, start } from './proc.mjs';

// Starts tether-gateway on 127.0.0.1:`port` and waits until it listens and has reached the broker
// (`reach: false`: only until it listens). `tls` is the folder that certs() filled. Ended with test
// context `t`. `extra` are further arguments.
export async function startGateway(t, {
  port, tls, web, brokerPort, ca, token, origin = `https://localhost:${port}`, address = '127.0.0.1',
  reach = true, extra = [],
}) {
  const gateway = start(t, path.join(bin, 'tether-gateway'), [
    '--listen', `${address}:${port}`, '--cert', `${tls}/server.pem`, '--key', `${tls}/server.key`,
    '--web', web, '--broker', `localhost:${brokerPort}`, '--ca', ca, '--token', token, '--origin', origin,
    ...extra,
  ]);
  await gateway.match(/listening/);
  if (reach) await gateway.match(/connected to the broker/, 15000);
  return { ...gateway, port, origin, ca };
}
