// What the product refuses, and how each refusal looks from outside: one row per code. A RefusalError is a rule's "no":
// safe to show, changes nothing (its unit of work is rolled back), becomes an RFC 9457 problem on HTTP. A new code without a
// row here does not compile. Codes are `<noun>.<what_is_wrong>`; add yours to the table.

interface RefusalRow {
  /** HTTP status of the problem response. */
  readonly status: 400 | 401 | 403 | 404 | 409 | 410 | 413 | 415 | 422 | 429 | 503
  readonly log: 'debug' | 'info' | 'warn' | 'error'
  /** One short sentence for people, the problem's `title`. */
  readonly title: string
}

export const refusals = {
  'request.invalid': { status: 422, log: 'info', title: 'The request does not have the expected form.' },
  'request.malformed': { status: 400, log: 'info', title: 'The request cannot be read.' },
  'request.not_found': { status: 404, log: 'debug', title: 'There is nothing at this address.' },
  'request.too_large': { status: 413, log: 'info', title: 'The request is too large.' },
  'request.media_type_unsupported': {
    status: 415,
    log: 'info',
    title: 'This media type is not taken here: requests carry JSON, uploads a file.',
  },
  'request.too_many': { status: 429, log: 'warn', title: 'Too many requests; try again later.' },
  'request.origin_foreign': { status: 403, log: 'warn', title: 'The request comes from a page of another site.' },
  'server.not_ready': { status: 503, log: 'warn', title: 'The server is not ready.' },
  'identity.not_signed_in': { status: 401, log: 'debug', title: 'Sign in first.' },
  'identity.role_missing': { status: 403, log: 'info', title: 'Your account has no role that may do this.' },
  'identity.password_must_change': { status: 403, log: 'info', title: 'Choose a password of your own first.' },
  'identity.sign_in_failed': { status: 401, log: 'info', title: 'Login or password is wrong.' },
  'identity.too_many_attempts': { status: 429, log: 'warn', title: 'Too many attempts; try again later.' },
  'identity.password_wrong': { status: 403, log: 'info', title: 'The current password is wrong.' },
  'identity.password_unchanged': { status: 422, log: 'info', title: 'The new password is the old one.' },
  'identity.login_taken': { status: 409, log: 'info', title: 'There is an account with this login already.' },
  'identity.join_code_unknown': { status: 404, log: 'info', title: 'There is no site with this join code.' },
  'identity.import_invalid': { status: 422, log: 'info', title: 'The list has errors; no account was made.' },
  'identity.account_unknown': { status: 404, log: 'info', title: 'There is no such account.' },
  'identity.area_missing': { status: 422, log: 'info', title: 'A desk needs its district, town or village.' },
  'identity.last_admin': { status: 409, log: 'warn', title: 'The last administrator cannot be removed.' },
  'host_site.unknown': { status: 404, log: 'info', title: 'There is no such host site.' },
  'cabinet.unknown': { status: 404, log: 'info', title: 'There is no such cabinet.' },
  'cabinet.code_taken': { status: 409, log: 'info', title: 'There is a cabinet with this code already.' },
  'cabinet.offline': { status: 409, log: 'info', title: 'The cabinet is offline.' },
  'cabinet.out_of_service': { status: 409, log: 'info', title: 'The cabinet is out of service.' },
  'cabinet.not_enrolled': { status: 409, log: 'info', title: 'The cabinet is not enrolled.' },
  'cabinet.twin_stale': { status: 409, log: 'info', title: 'Someone else changed this first; load it again.' },
  'cabinet.lane_repeated': { status: 422, log: 'info', title: 'A lane is named twice.' },
  'cabinet.sku_unknown': { status: 422, log: 'info', title: 'There is no such SKU.' },
  'cabinet.lot_unknown': { status: 422, log: 'info', title: 'There is no such lot of this SKU.' },
  'cabinet.config_invalid': { status: 422, log: 'info', title: 'The configuration is not possible.' },
  'cabinet.rollout_step_invalid': {
    status: 409,
    log: 'info',
    title: 'A cabinet cannot go from this state to that one.',
  },
  'fleet.target_dated_back': { status: 422, log: 'info', title: 'A target holds from the future, after all others.' },
  'cabinet.enrolment_code_invalid': {
    status: 410,
    log: 'warn',
    title: 'The enrolment code is unknown, used or too old.',
  },
  'cabinet.public_key_invalid': { status: 422, log: 'warn', title: 'The key is not an Ed25519 public key.' },
  'pass.unknown': { status: 404, log: 'info', title: 'There is no such pass.' },
  'pass.offline_selling_off': { status: 409, log: 'info', title: 'This cabinet does not sell on passes.' },
  'pass.cap_out_of_range': { status: 422, log: 'info', title: 'A pass is not made for this amount.' },
  'pass.one_at_a_time': { status: 409, log: 'info', title: 'You have a valid pass already.' },
  'pass.arrears': { status: 409, log: 'info', title: 'Pay what is owed first.' },
  'pass.revoked_already': { status: 409, log: 'info', title: 'This pass is revoked already.' },
  'pass.expired': { status: 409, log: 'info', title: 'This pass has expired.' },
  'payment.arrears_unknown': { status: 404, log: 'info', title: 'There is no such debt.' },
  'request.conflict': { status: 409, log: 'info', title: 'Another change came first.' },
  'database.busy': { status: 503, log: 'warn', title: 'The database is busy; try again.' },
  'ledger.account_unknown': { status: 404, log: 'warn', title: 'There is no such account.' },
  'ledger.balance_insufficient': { status: 409, log: 'info', title: 'The balance is not enough.' },
  'ledger.cause_conflict': { status: 409, log: 'error', title: 'This cause is booked already, with other figures.' },
  'ledger.cause_reversed': { status: 409, log: 'warn', title: 'This cause is reversed already.' },
  'ledger.cause_unknown': { status: 404, log: 'warn', title: 'Nothing is booked for this cause.' },
  'attribution.plan_missing': { status: 409, log: 'error', title: 'No approved revenue plan is in force.' },
  'attribution.plan_invalid': { status: 422, log: 'info', title: 'The revenue plan does not add up.' },
  'attribution.plan_same_person': { status: 403, log: 'warn', title: 'Who prepared the plan cannot approve it.' },
  'attribution.plan_not_draft': { status: 409, log: 'info', title: 'The revenue plan is no draft any more.' },
  'attribution.sale_line_unknown': { status: 404, log: 'info', title: 'There is no such sale line.' },
  'attribution.refund_exceeds': { status: 409, log: 'warn', title: 'More would be refunded than was sold.' },
  'payment.wallet_unknown': { status: 404, log: 'info', title: 'There is no such wallet.' },
  'payment.intent_unknown': { status: 404, log: 'warn', title: 'There is no such payment.' },
  'payment.intent_conflict': { status: 409, log: 'error', title: 'This payment exists already, with other figures.' },
  'payment.intent_closed': { status: 409, log: 'warn', title: 'This payment is finished.' },
  'payment.capture_exceeds_hold': { status: 409, log: 'error', title: 'More would be taken than was held.' },
  'payment.refund_exceeds_capture': { status: 409, log: 'error', title: 'More would be refunded than was taken.' },
  'catalog.name_taken': { status: 409, log: 'info', title: 'This name is taken already.' },
  'catalog.sku_unknown': { status: 422, log: 'info', title: 'There is no such SKU.' },
  'catalog.supplier_unknown': { status: 422, log: 'info', title: 'There is no such supplier.' },
  'catalog.food_class_blocked': { status: 422, log: 'info', title: 'Goods of this food class cannot be sold here.' },
  'catalog.lot_sources_wrong': { status: 422, log: 'info', title: 'The household sources do not add up to the lot.' },
  'catalog.lot_date_wrong': { status: 422, log: 'info', title: 'The dates of this lot cannot be right.' },
  'household.unknown': { status: 422, log: 'info', title: 'There is no such household.' },
  'household.not_found': { status: 404, log: 'info', title: 'There is no such household.' },
  'household.village_unknown': { status: 422, log: 'info', title: 'There is no such village.' },
  'household.code_taken': { status: 409, log: 'info', title: 'This household is in the register already.' },
  'household.out_of_area': { status: 403, log: 'info', title: 'This household lies outside your area.' },
  'household.helper_unknown': { status: 422, log: 'info', title: 'There is no such open helper account.' },
  'assistance.date_ahead': { status: 422, log: 'info', title: 'This date lies in the future.' },
  'assistance.instructor_unknown': { status: 422, log: 'info', title: 'There is no such instructor who teaches.' },
  'assistance.post_unknown': { status: 404, log: 'info', title: 'There is no such public-welfare post.' },
  'assistance.post_ended': { status: 409, log: 'info', title: 'This post has ended already.' },
  'sales.day_wrong': { status: 422, log: 'info', title: 'A document of earlier sales covers days that are over.' },
  'sales.document_known': { status: 409, log: 'info', title: 'This document is entered already.' },
  'sales.document_unknown': { status: 404, log: 'info', title: 'There is no such document of earlier sales.' },
  'sales.document_approved': { status: 409, log: 'info', title: 'This document is in force already.' },
  'sales.same_person': { status: 403, log: 'warn', title: 'Who entered earlier sales cannot approve them.' },
  'write_off.unknown': { status: 404, log: 'info', title: 'There is no such write-off.' },
  'write_off.sale_unknown': { status: 404, log: 'info', title: 'There is no such sale.' },
  'write_off.not_owed': { status: 409, log: 'warn', title: 'More would be written off than is owed.' },
  'write_off.not_proposed': { status: 409, log: 'info', title: 'This write-off is decided already.' },
  'write_off.same_person': { status: 403, log: 'warn', title: 'Who proposed a write-off cannot approve it.' },
  'surplus.notice_unknown': { status: 404, log: 'info', title: 'There is no such notice of surplus.' },
  'surplus.notice_closed': { status: 409, log: 'info', title: 'Nothing is left of this notice; it is closed.' },
  'surplus.deadline_past': { status: 422, log: 'info', title: 'The deadline has passed already.' },
  'surplus.level_highest': { status: 409, log: 'info', title: 'The district has it already; nobody stands above.' },
  'surplus.mass_exceeded': { status: 409, log: 'info', title: 'More has a buyer than the notice has left.' },
  'surplus.line_worthless': { status: 422, log: 'info', title: 'At this price this line is worth less than a fen.' },
  'surplus.order_unknown': { status: 404, log: 'info', title: 'There is no such order of surplus.' },
  'surplus.order_ended': { status: 409, log: 'info', title: 'This order is delivered or cancelled already.' },
  'alert.unknown': { status: 404, log: 'info', title: 'There is no such alert.' },
  'alert.acknowledged': { status: 409, log: 'info', title: 'Somebody looks after it already.' },
  'alert.cleared': { status: 409, log: 'info', title: 'It is over already.' },
  'alert.rule_stale': { status: 409, log: 'info', title: 'Someone else changed this rule first; load it again.' },
  'alert.recipient_unknown': { status: 404, log: 'info', title: 'There is no such recipient.' },
  'alert.mail_not_configured': { status: 409, log: 'info', title: 'This server has no mail server configured.' },
  'warning.unknown': { status: 404, log: 'info', title: 'There is no such warning.' },
  'warning.closed': { status: 409, log: 'info', title: 'Somebody has said already what came of this warning.' },
  'organisation.unknown': { status: 404, log: 'info', title: 'There is no such organisation.' },
  'organisation.name_taken': { status: 409, log: 'info', title: 'There is an organisation with this name already.' },
  'organisation.member_already': { status: 409, log: 'info', title: 'The household is a member already.' },
  'organisation.member_unknown': { status: 422, log: 'info', title: 'The household is no member.' },
  'organisation.member_holds_shares': { status: 409, log: 'info', title: 'A member who holds shares cannot leave.' },
  'organisation.holding_wrong': { status: 422, log: 'info', title: 'This holding cannot be right.' },
  'organisation.holding_unknown': { status: 404, log: 'info', title: 'There is no such current holding.' },
  'organisation.date_wrong': { status: 422, log: 'info', title: 'This date cannot be right.' },
  'organisation.charter_invalid': { status: 422, log: 'info', title: 'The charter is not possible.' },
  'organisation.charter_not_draft': { status: 409, log: 'info', title: 'The charter is no draft any more.' },
  'organisation.charter_same_person': {
    status: 403,
    log: 'warn',
    title: 'Who prepared the charter cannot approve it.',
  },
  'organisation.charter_missing': { status: 409, log: 'info', title: 'No approved charter was in force.' },
  'distribution.unknown': { status: 404, log: 'info', title: 'There is no such distribution.' },
  'distribution.impossible': { status: 422, log: 'info', title: 'This distribution is not possible.' },
  'distribution.template_unfit': { status: 422, log: 'info', title: 'The legal type does not allow this template.' },
  'distribution.period_taken': { status: 409, log: 'info', title: 'This period is distributed already.' },
  'distribution.move_impossible': { status: 409, log: 'info', title: 'The distribution is not in a state for this.' },
  'distribution.notice_too_short': { status: 422, log: 'warn', title: 'The members would see the plan too briefly.' },
  'distribution.meeting_ahead': { status: 409, log: 'info', title: 'The members have not met yet.' },
  'distribution.resolution_wrong': { status: 422, log: 'info', title: 'The resolution does not add up.' },
  'distribution.same_person': { status: 403, log: 'warn', title: 'Who prepared a distribution cannot run it.' },
  'distribution.not_funded': {
    status: 409,
    log: 'warn',
    title: 'The organisation has less than would be distributed.',
  },
  'distribution.snapshot_broken': { status: 409, log: 'error', title: 'The snapshot does not give the lines shown.' },
  'in_kind.file_known': { status: 409, log: 'info', title: 'This file has been imported already.' },
  'benefit_link.unknown': { status: 404, log: 'info', title: 'There is no such benefit link that binds.' },
  'benefit_link.not_signed': { status: 422, log: 'info', title: 'A benefit link is signed before it is entered.' },
  'benefit_link.last': { status: 409, log: 'info', title: 'The supplier is certified on this benefit link.' },
  'catalog.benefit_link_missing': {
    status: 409,
    log: 'info',
    title: 'Certification needs a signed benefit link with a household.',
  },
  'audit.broken': { status: 409, log: 'error', title: 'The audit trail is broken.' },
  'disclosure.day_unknown': { status: 404, log: 'debug', title: 'This day is not published.' },
  'disclosure.line_unpublished': { status: 404, log: 'info', title: 'This line is not in a published day yet.' },
  'disclosure.notice_unknown': { status: 404, log: 'debug', title: 'There is no such notice.' },
  'disclosure.title_reveals': {
    status: 422,
    log: 'warn',
    title: 'The title holds a number that may be an identity, bank or phone number.',
  },
  'disclosure.notice_empty': { status: 409, log: 'info', title: 'There is nothing to publish in this period.' },
  'disclosure.notice_published': { status: 409, log: 'info', title: 'This is published already.' },
  'personal_data.no_phone': { status: 404, log: 'info', title: 'No phone number is known of this household.' },
  'personal_data.consent_text_unknown': {
    status: 422,
    log: 'info',
    title: 'There is no such wording of this consent.',
  },
  'personal_data.consent_unchanged': {
    status: 409,
    log: 'info',
    title: 'This is what the household has said already.',
  },
  'session.unknown': { status: 404, log: 'info', title: 'There is no such session.' },
  'session.buyer_busy': { status: 409, log: 'info', title: 'You have an open session already.' },
  'session.cabinet_busy': { status: 409, log: 'info', title: 'Somebody else is using this cabinet.' },
  'session.intent_conflict': { status: 409, log: 'warn', title: 'This request was made before, for something else.' },
  'session.twin_behind': { status: 409, log: 'info', title: 'The cabinet is taking over new prices; try again.' },
  'session.nothing_on_sale': { status: 409, log: 'info', title: 'Nothing in this cabinet may be sold now.' },
  'session.wallet_too_low': { status: 409, log: 'info', title: 'The wallet holds too little to open a door.' },
  'session.no_receipt': { status: 404, log: 'info', title: 'This session has no receipt yet.' },
  'session.not_in_review': { status: 409, log: 'info', title: 'This session waits for no decision.' },
  'session.decision_too_high': { status: 422, log: 'warn', title: 'A review may only lower the bill.' },
  'session.lane_unknown': { status: 422, log: 'info', title: 'The session’s contract has no such lane.' },
  'session.sale_line_unknown': { status: 422, log: 'info', title: 'This session has no such sale line.' },
  'session.refund_exceeds': { status: 409, log: 'warn', title: 'More would be refunded than was charged.' },
  'lane_lock.unknown': { status: 404, log: 'info', title: 'There is no such lock of a lane.' },
  'lane_lock.lane_unknown': { status: 422, log: 'info', title: 'The planogram has no such lane.' },
  'lane_lock.locked': { status: 409, log: 'info', title: 'These lanes are locked for this already.' },
  'lane_lock.released': { status: 409, log: 'info', title: 'This lane was let go already.' },
  'lane_lock.bound': {
    status: 409,
    log: 'info',
    title: 'This lock ends with what caused it: the goods, the label, the list or the recall.',
  },
  'payout.unknown': { status: 404, log: 'info', title: 'There is no such payout.' },
  'payout.line_unknown': { status: 404, log: 'info', title: 'This payout has no such line.' },
  'payout.state_wrong': { status: 409, log: 'info', title: 'The payout is not in a state for this.' },
  'payout.draft_unfinished': { status: 409, log: 'info', title: 'The draft is not complete yet.' },
  'payout.empty': { status: 409, log: 'info', title: 'There is nobody to pay in this payout.' },
  'payout.person_has_part': { status: 403, log: 'warn', title: 'You have another part in this payout already.' },
  'payout.not_preparer': { status: 403, log: 'info', title: 'Only who prepared the payout may submit it.' },
  'payout.not_released': { status: 409, log: 'info', title: 'The payout is not released by enough people.' },
  'payout.notice_running': { status: 409, log: 'info', title: 'The public notice has not ended yet.' },
  'payout.objection_open': { status: 409, log: 'info', title: 'An objection is open.' },
  'payout.objection_unknown': { status: 404, log: 'info', title: 'There is no such open objection.' },
  'payout.profile_unknown': { status: 422, log: 'info', title: 'There is no such bank profile.' },
  'payout.profile_invalid': { status: 422, log: 'info', title: 'The bank profile cannot be right.' },
  'payout.file_unknown': { status: 404, log: 'info', title: 'There is no such payout file.' },
  'payout.file_changed': { status: 409, log: 'error', title: 'The file would not be the one that was sent.' },
  'payout.return_invalid': { status: 422, log: 'info', title: 'The return file has errors; nothing was imported.' },
  'payout.nothing_failed': { status: 409, log: 'info', title: 'The bank refused no line that can be tried again.' },
  'payout.verification_open': { status: 409, log: 'info', title: 'Not every sampled recipient has confirmed yet.' },
  'payee_account.unknown': { status: 404, log: 'info', title: 'There is no such payee account.' },
  'payee_account.same_person': { status: 403, log: 'warn', title: 'Who entered the account cannot confirm it.' },
  'payee_account.taken': { status: 409, log: 'warn', title: 'This account belongs to another household.' },
  'payee_account.name_not_encodable': { status: 422, log: 'info', title: 'No bank file can carry this name.' },
  'restock.load_invalid': { status: 422, log: 'info', title: 'This load cannot be right.' },
  'income.payer_wrong': { status: 422, log: 'info', title: 'This payer cannot pay this.' },
  'income.payer_short': { status: 409, log: 'info', title: 'The payer’s account holds too little.' },
  'income.import_unknown': { status: 404, log: 'info', title: 'There is no such import.' },
  'income.import_is_reversal': {
    status: 409,
    log: 'info',
    title: 'A reversal cannot be reversed; import the file again.',
  },
  'income.import_reversed': {
    status: 409,
    log: 'info',
    title: 'This file was imported and taken back; what is right now is another file.',
  },
  'income.mapping_wrong': { status: 422, log: 'info', title: 'The source cannot count as this kind of income.' },
  'reconciliation.batch_unknown': { status: 404, log: 'info', title: 'There is no such payout batch.' },
  'reconciliation.difference_unknown': { status: 404, log: 'info', title: 'There is no such difference.' },
  'reconciliation.difference_not_open': { status: 409, log: 'info', title: 'The difference is not at this step.' },
  'reconciliation.nothing_to_post': {
    status: 409,
    log: 'info',
    title: 'Ledger and bank agree; it is the batch that must be put right.',
  },
  'reconciliation.account_wrong': { status: 422, log: 'info', title: 'This account cannot take the other side.' },
  'reconciliation.same_person': { status: 403, log: 'warn', title: 'Who proposed the posting cannot approve it.' },
  'tabular.not_encodable': { status: 422, log: 'info', title: 'A text cannot be written in this encoding.' },
  'tabular.invalid': { status: 422, log: 'info', title: 'The file has errors; nothing was imported.' },
} as const satisfies Record<string, RefusalRow>

export type RefusalCode = keyof typeof refusals

export interface RefusalOptions extends ErrorOptions {
  /** The request field that is at fault, as a JSON pointer or dotted path. */
  readonly field?: string
  /** Every place that is at fault, when there are several. */
  readonly errors?: ReadonlyArray<{ readonly field: string; readonly message: string }>
  /** Further facts for the problem document; must be safe to show. */
  readonly facts?: Readonly<Record<string, string | number | boolean>>
}

/** A rule said no. Thrown inside a unit of work it undoes that unit, and only that one. */
export class RefusalError extends Error {
  override readonly name = 'RefusalError'
  readonly code: RefusalCode
  readonly field: string | undefined
  readonly facts: Readonly<Record<string, string | number | boolean>>
  readonly errors: ReadonlyArray<{ readonly field: string; readonly message: string }> | undefined

  constructor(code: RefusalCode, detail?: string, options: RefusalOptions = {}) {
    super(detail ?? refusals[code].title, options)
    this.code = code
    this.field = options.field
    this.facts = options.facts ?? {}
    this.errors = options.errors
  }

  get row(): RefusalRow {
    return refusals[this.code]
  }
}
