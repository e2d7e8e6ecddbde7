// The administration, for a desk: composition root.
import { createApp } from 'vue'
import { commonCatalogue } from '../common/i18n/common-messages.ts'
import { createWebContext } from '../common/create-web-context.ts'
import { createCall } from '../common/http/call.ts'
import { fetchWithProgress } from '../common/http/fetch-with-progress.ts'
import { webContextKey } from '../common/web-context.ts'
import '../common/style/tokens.css'
import './admin.css'
import AdminApp from './admin-app.vue'
import { createAdminRouter } from './router.ts'
import { adminCatalogue } from './i18n/admin-messages.ts'
import { uploadKey } from './use-upload.ts'

const context = createWebContext(window)
if (context.locale.value === 'en') await Promise.all([commonCatalogue.loadEnglish(), adminCatalogue.loadEnglish()])

const onSignedOut = () => context.account.lapse()
createApp(AdminApp)
  .provide(webContextKey, context)
  .provide(uploadKey, (onProgress) =>
    createCall({ fetch: fetchWithProgress(() => new XMLHttpRequest(), onProgress), onSignedOut }),
  )
  .use(createAdminRouter(context))
  .mount('#app')
