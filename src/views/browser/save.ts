/** Hands a JSON document to the browser as a file; nothing leaves the machine. */
export const saveJson = (document_: unknown, name: string): void =>
  saveText(JSON.stringify(document_), name, 'application/json');

/** As `saveJson`, with any text. */
export const saveText = (text: string, name: string, type: string): void => saveBlob(new Blob([text], { type }), name);

/** As `saveJson`, with any bytes. */
export function saveBlob(blob: Blob, name: string): void {
  const address = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  // A busy browser may be late to ask for what the address holds.
  setTimeout(() => URL.revokeObjectURL(address), 40_000);
}
