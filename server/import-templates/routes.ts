// HTTP of templates: what a file must look like, and an empty one to fill in.
import {
  downloadImportTemplate,
  ImportTemplateKind,
  listImportTemplates,
} from '#shared/contracts/http/import-templates.ts'
import type { NounRoutes } from '../context.ts'
import { registerRoute } from '../http/register-route.ts'
import { writeCsv } from '../tabular/write-csv.ts'
import { writeXlsx } from '../tabular/write-xlsx.ts'
import { headersOf, showTemplate } from './templates.ts'

const workbookType = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'

export const importTemplateRoutes: NounRoutes = (app) => {
  registerRoute(app, listImportTemplates, () => ({ rows: ImportTemplateKind.options.map(showTemplate) }))
  registerRoute(app, downloadImportTemplate, ({ params: { kind }, query: { format } }) => {
    const headers = headersOf(kind)
    if (format === 'xlsx')
      return { bytes: writeXlsx(kind, headers, []), mediaType: workbookType, fileName: `${kind}.xlsx` }
    const encoding = format === 'csv' ? 'utf-8-bom' : 'gb18030'
    const bytes = writeCsv(
      headers.map((name) => ({ name })),
      [],
      { encoding },
    )
    return { bytes, mediaType: 'text/csv', fileName: `${kind}.csv` }
  })
}
