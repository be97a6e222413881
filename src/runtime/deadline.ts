/** Waits for something at most so many seconds; rejects then with an Error that says what did not come. */
export function inTime<T>(seconds: number, what: string, awaited: Promise<T>): Promise<T> {
  let callOff: (() => void) | undefined;
  const late = new Promise<never>((_, reject) => {
    callOff = after(seconds, () => reject(new Error(`${what} did not come within ${seconds} seconds.`)));
  });
  return Promise.race([awaited, late]).finally(callOff);
}

/**
 * Does something after so many seconds. They are counted one by one: those in which the machine sleeps, or the page is
 * frozen, are none.
 *
 * @returns what calls it off
 */
export function after(seconds: number, act: () => void): () => void {
  let left = seconds;
  const callOff = () => clearInterval(timer);
  const timer = setInterval(() => {
    if (--left > 0) return;
    callOff();
    act();
  }, 1000);
  return callOff;
}
