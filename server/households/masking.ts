// What others may see of a household (domain.md, payout and disclosure): the first character of the head's name and the
// last four digits of the code; never more.
export function maskName(name: string): string {
  const first = String.fromCodePoint(name.trim().codePointAt(0) ?? 42)
  return `${first}**`
}

export function lastFour(householdCode: string): string {
  return householdCode.slice(-4)
}

/** 138****1234; of a number that is no mobile number the last four digits only. */
export function maskPhone(phone: string): string {
  const digits = phone.replaceAll(/\D/g, '')
  return /^1\d{10}$/.test(digits) ? `${digits.slice(0, 3)}****${digits.slice(-4)}` : `****${digits.slice(-4)}`
}

/** The household's line on a receipt or a notice. */
export function maskedHousehold(household: { readonly householdCode: string; readonly headName: string }): {
  payeeName: string
  householdCodeLast4: string
} {
  return { payeeName: maskName(household.headName), householdCodeLast4: lastFour(household.householdCode) }
}
