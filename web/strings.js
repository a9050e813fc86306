// Every English word that the page says, and nothing else.

const percent = (value) => `${value} %`;

function duration(seconds) {
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  if (hours > 0) {
    return `${hours} h ${minutes} min`;
  }
  return minutes >= 10 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`;
}

// Why the wearer's side has stopped.
const stopped = {
  wearer: 'The wearer pressed stop',
  idle: 'Nothing was changed for a long time',
  checkin: 'The wearer did not answer the check-in',
  box: 'The box was not answering',
  link: 'The wearer’s connection was lost',
  clock: 'The wearer’s computer slept',
  ui: 'The wearer’s screen went away',
};

// Fixed texts of index.html, by data-text.
export const text = {
  brand: 'Tether',
  status: 'Status',
  paste: 'Paste the link that the wearer gave you',
  pasteHint: 'It is kept in this page’s memory only, so a reload asks for it again.',
  open: 'Open',
  words: 'Check words',
  wordsHint: 'Ask the wearer, best by voice: the same three words must stand on their screen. Leaving this page withdraws the request.',
  levels: 'Levels',
  character: 'Character',
  modeLabel: 'Mode',
  powerLabel: 'Power',
  fromZero: 'A new mode or power starts from zero.',
  details: 'Details',
  battery: 'Battery of the box',
  trip: 'Round trip',
  ignored: 'Messages ignored',
  left: 'Time left',
  stop: 'Stop',
  escape: 'Escape key: stop',
  lastStop: 'The box’s own knob and plug are the last stop, and they are in the wearer’s hands.',
  about: 'About',
  privacy: 'Privacy',
};

export const control = {
  take: 'Take control',
  give: 'Give control back',
  cancel: 'Withdraw the request',
};

// Beside a sentence that says so, and unspoken: undefined where an attempt is being made.
export const retry = (seconds) => (seconds === undefined ? 'Trying now.' : `Next attempt in ${seconds} s.`);

// role=status: one sentence for every situation. A function where a reason belongs in it.
export const status = {
  none: 'No link is open yet.',
  broken: 'This link is incomplete or mistyped. Ask the wearer to send it again.',
  insecure: 'This browser offers no encryption here. Open the link over https in a current browser.',
  connecting: 'Connecting…',
  joined: 'Connected. Looking for the wearer’s computer…',
  away: 'The server cannot be reached. Trying again…',
  crowded: 'The server has too much to do just now. Trying again…',
  renewing: 'Nothing has come for a while. Making a new connection…',
  absent: 'The wearer’s computer is not there. Waiting for it.',
  stale: 'Nothing is coming from the wearer’s computer. What is shown is old.',
  forgedOnly: 'What arrives cannot be verified. Perhaps the link is incomplete: ask for it again.',
  versions: 'The wearer’s program and this page are of different versions and do not understand each other.',

  ready: 'Ready. You can take control.',
  byHand: 'The wearer has turned the box up by hand. You can take control.',
  helloSent: 'Asking the wearer…',
  asking: 'Waiting for the wearer to allow it.',
  refused: 'The wearer said no.',
  live: 'You are in control.',
  stopping: 'Going to zero…',
  stoppedByYou: 'You pressed stop. Both outputs are at zero; raise a level to go on.',
  fromZero: 'You are in control. Both outputs start from zero.',
  stoppedElsewhere: 'Somebody else with this link pressed stop. Both outputs are at zero; raise a level to go on.',
  wanted: 'Another page is asking for control of this session.',
  inUse: 'Another page has control of this session.',

  hidden: 'You left this page, so control was given back and both outputs went to zero.',
  given: 'You gave control back. Both outputs are at zero.',
  lost: 'The connection was lost for a moment, so control ended and both outputs went to zero.',
  silence: 'For some seconds nothing came from the wearer’s computer, so control ended. You can take control again.',
  hiddenAsking: 'You left this page, so the request was withdrawn. You can take control.',
  lostAsking: 'The connection was lost for a moment, so the request was withdrawn. You can take control.',
  silenceAsking: 'For some seconds nothing came from the wearer’s computer, so the request was withdrawn. You can take control.',
  unanswered: 'The wearer’s computer did not answer. You can try again.',

  after_silent: 'No page was heard for some seconds, so both outputs went to zero. You can take control.',
  after_wearer: 'The wearer pressed stop and is ready again. You can take control.',
  after_idle: 'Nothing was changed for a long time, so both outputs went to zero. You can take control again.',
  after_checkin: 'The wearer’s check-in ran out, so both outputs went to zero. You can take control again.',
  after_box: 'The box did not answer for a while and is back at zero. You can take control again.',
  after_link: 'The wearer’s connection was lost and is back. Both outputs are at zero. You can take control again.',
  after_clock: 'The wearer’s computer slept, so both outputs went to zero. You can take control again.',
  after_ui: 'The wearer’s screen was gone for a moment. Both outputs are at zero. You can take control again.',

  stopped_wearer: `${stopped.wearer}. Nothing moves until the wearer resumes.`,
  stopped_idle: `${stopped.idle}: both outputs are at zero until the wearer resumes.`,
  stopped_checkin: `${stopped.checkin}: both outputs are at zero until they do.`,
  stopped_box: `${stopped.box}: stopped until the wearer resumes.`,
  stopped_link: `${stopped.link}: both outputs are at zero until the wearer resumes.`,
  stopped_clock: `${stopped.clock}: both outputs are at zero until the wearer resumes.`,
  stopped_ui: `${stopped.ui}: both outputs are at zero until the wearer resumes.`,
  stopped_moving: (why) => `${stopped[why]}. Going to zero…`,
  stopped_hand: (why) => `${stopped[why]}. The box is turned up by the wearer’s own hand.`,
  stopped_unknown: (why) => `${stopped[why]}, and the box has not confirmed zero.`,

  box_silent: 'The box does not answer. The wearer has been told to use its own knob.',
  box_off: 'The box is switched off.',
  box_gone: 'The wearer’s computer does not reach the box: it is unplugged, or another program has it.',
  box_starting: 'The box is being started.',

  fault_wearer: `${stopped.wearer}.`,
  fault_idle: `${stopped.idle}, so control ended.`,
  fault_checkin: `${stopped.checkin}, so control ended.`,
  fault_box: 'The box has a fault. The wearer has been told.',
  fault_link: `${stopped.link}, so control ended.`,
  fault_clock: 'The clock of the wearer’s computer jumped, so control ended.',
  fault_ui: `${stopped.ui}, so control ended.`,

  ended: 'The wearer ended the session.',
  expired: 'The session is over: its time has run out.',
  revoked: 'This link was withdrawn. Ask the wearer for a new one.',
  forged: 'This link is wrong. Ask the wearer to send it again.',
  version: 'The wearer’s program is too old for this server.',
  refusedLink: 'The server did not accept this link. Ask the wearer for a new one.',
};

// role=alert: what is alarming, beside the sentence above. A function where the server's words belong in it.
export const alarm = {
  stopUnsent: 'Stop could not be sent: there is no connection. The outputs go to zero by themselves because this page is silent. Tell the wearer.',
  stopUnheard: 'Stop could not be sent: there is no connection. Tell the wearer to press stop.',
  stopUnconfirmed: 'Stop was sent but zero is not confirmed yet. Tell the wearer to use the box’s own knob.',
  forged: 'Messages arrived that are not from the wearer’s computer. They were ignored.',
  misread: (text) => `The server did not pass on what this page sent. It says: “${text}”`,
  mistyped: 'The link that was just opened is incomplete or mistyped. This session goes on.',
  boxSilent: 'The box does not answer. The wearer must use its own knob.',
  battery: 'The battery of the box is low.',
  limits: 'The wearer has lowered a limit. What you asked for above it was lowered to it.',
  idle: 'Nothing was changed for a while. Change something, or control ends soon.',
  soon: 'The session ends in less than five minutes.',
};

export const level = {
  name: (ch) => `Level ${ch}`,
  output: (ch) => `Box output ${ch}`,
  raise: (ch) => `Raise ${ch} by 1 %`,
  lower: (ch) => `Lower ${ch} by 1 %`,
  percent,
  value: (want, cap) => `${want} %, limit ${cap} %`,
  onBox: 'Box',
  old: 'Box, last known',
  unknown: 'not known',
  asked: (want) => `You ask for ${want} %`,
  notAsked: 'Nothing asked',
  limit: (cap) => `Limit ${cap} %`,
  noLimit: 'Kept at zero by the wearer',
};

export const param = {
  name: (ch, meaning) => `${ch}: ${meaning}`,
  output: (ch) => `Box value ${ch}`,
  unused: 'not used in this mode',
  plain: 'adjusts the mode',
  asked: (want) => `You ask for ${want} %`,
};

// Of mode, power, C and D together.
export const character = {
  old: 'This is what was last known of the box.',
  unknown: 'Nothing is known of the box yet.',
};

export const locked = {
  mode: 'The wearer has locked the mode.',
  power: 'The wearer has locked the power.',
  joined: 'The box’s channels are joined: both move together.',
};

export const details = {
  unknown: 'not known',
  trip: (ms) => `${Math.round(ms)} ms`,
  percent,
  left: duration,
};

export const powers = { low: 'Low', high: 'High' };

// Modes by wire name: title, meaning of C, meaning of D (null: not used).
export const modes = {
  pulse: ['Pulse', 'pulse rate', 'feel'],
  bounce: ['Bounce', 'pulse rate', 'feel'],
  continuous: ['Continuous', 'feel', null],
  flo: ['Flo', 'feel of A', 'feel of B'],
  asplit: ['A Split', 'pulse rate', 'feel'],
  bsplit: ['B Split', 'pulse rate', 'feel'],
  wave: ['Wave', 'speed', 'feel'],
  waterfall: ['Waterfall', 'speed', 'feel'],
  squeeze: ['Squeeze', 'pulse speed', 'feel'],
  milk: ['Milk', 'pulse speed', 'feel'],
  throb: ['Throb', 'range of feel', null],
  thrust: ['Thrust', 'range of feel', null],
  cycle: ['Cycle', 'range of feel', 'feel'],
  twist: ['Twist', 'range of feel', 'feel'],
  random: ['Random', 'range', 'feel'],
  step: ['Step', 'step delay', 'feel'],
  training: ['Training', 'jump delay', 'feel'],
  other: ['Set on the box', null, null],
};
