// The administration, for a desk: composition root.
import { createApp } from 'vue'
import { createWebContext } from '../common/create-web-context.ts'
import { webContextKey } from '../common/web-context.ts'
import '../common/style/tokens.css'
import './admin.css'
import AdminApp from './admin-app.vue'
import { createAdminRouter } from './router.ts'

const context = createWebContext(window)

createApp(AdminApp).provide(webContextKey, context).use(createAdminRouter(context)).mount('#app')
