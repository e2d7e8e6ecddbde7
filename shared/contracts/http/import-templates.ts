import { z } from 'zod'
import { defineRoute, Download } from './route.ts'

const clerks = ['operator', 'finance', 'auditor', 'admin'] as const

/** The tables that are taken in as files. */
export const ImportTemplateKind = z
  .enum([
    'accounts',
    'households',
    'members',
    'holdings',
    'wages',
    'grants',
    'costs',
    'history',
    'in-kind',
    'statements',
  ])
  .meta({ id: 'ImportTemplateKind' })

export const ImportTemplate = z
  .object({
    kind: ImportTemplateKind,
    /** In the order of the template. */
    columns: z.array(
      z.object({
        /** The header in the template; the others are understood too. */
        name: z.string(),
        otherNames: z.array(z.string()),
        isOptional: z.boolean(),
        example: z.string().optional(),
      }),
    ),
  })
  .meta({ id: 'ImportTemplate' })

export const listImportTemplates = defineRoute({
  method: 'GET',
  path: '/api/import-templates',
  tag: 'imports',
  summary: 'The columns of every table that is taken in as a file, as its reader knows them',
  access: clerks,
  reply: z.object({ rows: z.array(ImportTemplate) }),
  status: 200,
})
export const downloadImportTemplate = defineRoute({
  method: 'GET',
  path: '/api/import-templates/:kind',
  tag: 'imports',
  summary: 'An empty table with its headers, as a workbook or as text for a spreadsheet',
  access: clerks,
  params: z.object({ kind: ImportTemplateKind }),
  query: z.object({ format: z.enum(['xlsx', 'csv', 'csv-gb18030']).default('xlsx') }),
  reply: Download,
  download: ['application/vnd.openxmlformats-officedocument.spreadsheetml.sheet', 'text/csv'],
  status: 200,
})
