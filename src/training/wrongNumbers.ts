/** The device is not to be trusted; its message is a sentence. Apart from what finds it out, which has an engine behind it. */
export class WrongNumbers extends Error {}
