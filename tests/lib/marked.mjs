// Run by itself, inside a network namespace: everybody who may talk to the broker, each under ids that are known
// afterwards. Prints them as JSON. Arguments: the broker's address, its CA, a gateway's token file.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect as tlsConnect } from 'node:tls';
import { connect, hexId } from './broker.mjs';
import { connectAsker, connectGateway, issueRequest } from './keysvc.mjs';
import { sleep } from './proc.mjs';

const [host, ca, token] = process.argv.slice(2);
const known = {};
const at = { port: 8883, ca, options: { host } };

// Strangers: a name and a password, a made-up token, bytes that are no MQTT, an id with a password and no name.
known['wearer name'] = `wilhelmina-${randomBytes(4).toString('hex')}`;
known.password = `open-sesame-${randomBytes(4).toString('hex')}`;
known['stranger id'] = hexId();
await connect(null, { ...at, who: { client: known['stranger id'] },
  options: { host, username: known['wearer name'], password: known.password } }).catch(() => {});
const raw = async (bytes) => {
  const socket = tlsConnect({ host, port: 8883, rejectUnauthorized: false });
  socket.on('error', () => {}); // the broker may well hang up
  await Promise.race([once(socket, 'secureConnect'), once(socket, 'close')]).catch(() => {});
  socket.end(bytes);
  await sleep(200);
  socket.destroy();
};
known['id of version 3'] = hexId();
const field = (text) => Buffer.concat([Buffer.from([0, text.length]), Buffer.from(text)]);
for (const flags of [0x42, 0xc2, 0x02, 0xff]) {
  const body = Buffer.concat([field('MQTT'), Buffer.from([4, flags, 0, 30]), field(known['id of version 3']), field(known.password)]);
  await raw(Buffer.concat([Buffer.from([0x10, body.length]), body]));
}
await raw(`GET /${known['wearer name']} HTTP/1.1\r\n\r\n`);

// A guest, and the agent that it becomes, over topics that are its own and others.
known['guest id'] = hexId();
const guest = await connectAsker(null, { ...at, who: { role: 'guest', client: known['guest id'] } });
const issued = await guest.ask(issueRequest());
await guest.end();
Object.assign(known, { 'other sid': issued.sid, 'other key': issued.key, 'agent id': issued.client, 'agent token': issued.token });
const agent = await connectAsker(null, { ...at, who: { role: 'agent', client: issued.client, token: issued.token } });
await agent.subscribe(`s/${hexId()}/cmd`).catch(() => {});
await agent.publish(`s/${issued.sid}/state`, `content-${known['wearer name']}`);

// In a gateway's name (which sends the real one away for a moment): a partner.
const gateway = await connectGateway(null, { port: 8883, ca, file: token, options: { host } });
const redeemed = await gateway.redeem(issued.key);
Object.assign(known, { 'partner id': redeemed.client, 'partner token': redeemed.token, 'gateway id': gateway.client });
const partner = await connect(null, { ...at, who: redeemed });
await partner.publish(`s/${issued.sid}/cmd`, 'x'.repeat(100));
for (const one of [partner, agent, gateway]) await one.end();
console.log(JSON.stringify(known));
process.exit(0);
