/** Small choices that this browser keeps. Without storage they last as long as the page. */
const PREFIX = 'pilaf-lab/';

export function recall(name: string): string | null {
  try {
    return localStorage.getItem(PREFIX + name);
  } catch {
    return null;
  }
}

/** Whether it is kept; else it lasts as long as the page. */
export function remember(name: string, value: string): boolean {
  try {
    localStorage.setItem(PREFIX + name, value);
    return recall(name) === value;
  } catch {
    return false;
  }
}
