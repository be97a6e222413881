/** Hands a JSON document to the browser as a file; nothing leaves the machine. */
export function saveJson(document_: unknown, name: string): void {
  const address = URL.createObjectURL(new Blob([JSON.stringify(document_)], { type: 'application/json' }));
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}
