// The restocker's page, for a phone in the van and in cellars without a network: composition root.
import { createApp } from 'vue'
import { commonCatalogue } from '../common/i18n/common-messages.ts'
import { createWebContext } from '../common/create-web-context.ts'
import { webContextKey } from '../common/web-context.ts'
import '../common/style/tokens.css'
import '../common/style/large-type.css'
import RestockApp from './restock-app.vue'
import { restockCatalogue } from './restock-messages.ts'

const context = createWebContext(window)
if (context.locale.value === 'en') await Promise.all([commonCatalogue.loadEnglish(), restockCatalogue.loadEnglish()])

createApp(RestockApp).provide(webContextKey, context).mount('#app')
