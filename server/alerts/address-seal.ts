/** What an alert recipient's address is sealed for. */
export const addressPurpose = (recipientId: string) => `alert-address:${recipientId}`
