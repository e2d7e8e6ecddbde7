import { z } from 'zod'
import { Id } from '../../ids/uuid-v7.ts'
import { EpochMs } from '../../time/clock.ts'
import { Reason } from './reason.ts'
import { defineRoute, Download } from './route.ts'

/** What a household agrees to, each by itself (单独同意): keeping sensitive data (bank account, phone), and being published. */
export const consentPurposes = ['SENSITIVE_DATA', 'PUBLICATION'] as const
export const consentChannels = ['paper', 'visit', 'phone', 'page'] as const

const HouseholdCode = z.string().regex(/^\d{16}$/)
const params = z.object({ householdCode: HouseholdCode })
/** Who may look after a household's data: the household itself and those whose scope it is in. */
const caretakers = ['farmer', 'helper', 'desk', 'finance', 'admin'] as const

export const ConsentText = z
  .object({ purpose: z.enum(consentPurposes), version: z.string(), text: z.string(), isCurrent: z.boolean() })
  .meta({ id: 'ConsentText' })
export const Consent = z
  .object({
    consentId: Id,
    purpose: z.enum(consentPurposes),
    isGiven: z.boolean(),
    textVersion: z.string(),
    channel: z.enum(consentChannels),
    evidence: z.string().optional(),
    recordedBy: z.string(),
    atMs: EpochMs,
  })
  .meta({ id: 'Consent' })

export const listConsentTexts = defineRoute({
  method: 'GET',
  path: '/api/consent-texts',
  tag: 'personal data',
  summary: 'The wordings of consents, all versions',
  access: 'public',
  reply: z.object({ rows: z.array(ConsentText) }),
  status: 200,
})
export const listConsents = defineRoute({
  method: 'GET',
  path: '/api/households/:householdCode/consents',
  tag: 'personal data',
  summary:
    'A household’s consents with their history, purpose by purpose, newest first: the first of each is what stands',
  access: [...caretakers, 'auditor'],
  params,
  reply: z.object({ rows: z.array(Consent) }),
  status: 200,
})
export const recordConsent = defineRoute({
  method: 'POST',
  path: '/api/households/:householdCode/consents',
  tag: 'personal data',
  summary: 'Record that a household gives a consent or takes it back; nothing is overwritten',
  access: ['farmer', 'helper', 'desk', 'admin'],
  params,
  body: z.object({
    purpose: z.enum(consentPurposes),
    isGiven: z.boolean(),
    textVersion: z.string().min(1).max(40),
    channel: z.enum(consentChannels),
    evidence: z.string().trim().min(3).max(200).optional(),
  }),
  reply: Consent,
  status: 201,
})
export const revealPhone = defineRoute({
  method: 'POST',
  path: '/api/households/:householdCode/phone-reveals',
  tag: 'personal data',
  summary: 'Shows a household’s phone number in full, for a reason that stays in the audit trail',
  access: ['helper', 'finance', 'admin'],
  params,
  body: z.object({ reason: Reason }),
  reply: z.object({ phone: z.string() }),
  status: 200,
})
export const exportPersonalData = defineRoute({
  method: 'POST',
  path: '/api/households/:householdCode/personal-data-exports',
  tag: 'personal data',
  summary: 'Everything that is held on a household, table by table, for the household itself; who takes it is recorded',
  access: ['farmer', 'admin'],
  params,
  body: z.object({ reason: Reason }),
  reply: z.object({
    householdCode: HouseholdCode,
    exportedAtMs: EpochMs,
    phone: z.string().optional(),
    /** Rows by table; times are epoch ms, amounts fen, masses mg. Of sealed numbers the last digits. */
    tables: z.record(z.string(), z.array(z.record(z.string(), z.unknown()))),
  }),
  status: 200,
})
export const downloadPersonalData = defineRoute({
  method: 'POST',
  path: '/api/households/:householdCode/personal-data-copies',
  tag: 'personal data',
  summary: 'The same copy to keep: a ZIP with a CSV for each table, times, yuan and kilograms as people read them',
  access: ['farmer', 'admin'],
  params,
  body: z.object({ reason: Reason }),
  reply: Download,
  status: 200,
  download: ['application/zip'],
})
